"""Every route declares who may call it: ``@router.get(PATH, dependencies=[allow(Role.OPERATOR, Role.WALL)])``.

A route without a declaration is refused by the test that compares all routes with ``tests/api/rights.csv``.
Who the caller is comes from the session cookie or the device token alone, never from another header (S6).
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, HTTPException, Request
from fastapi.params import Depends as Declared
from starlette.routing import BaseRoute

from api.access.identity import identify
from api.access.roles import ANYONE, VIEWERS, Caller, Role

__all__ = ["ANYONE", "VIEWERS", "Caller", "Guard", "Role", "allow", "caller", "roles_of"]


@dataclass(frozen=True, slots=True)
class Guard:
    """The check behind ``allow``; a route that lists anonymous is open to everyone."""

    roles: frozenset[Role]

    async def __call__(self, request: Request) -> Caller:
        """Return the caller and leave it for ``caller``.

        Raises:
            HTTPException: 401 nobody is logged in, 403 the role may not, or the request comes from another site.
        """
        found = await identify(request)
        if Role.ANONYMOUS not in self.roles and found.role not in self.roles:
            if found.role is Role.ANONYMOUS:
                raise HTTPException(401, "log in first", headers={"WWW-Authenticate": "Bearer"})
            raise HTTPException(403, f"not for the role {found.role.value}")
        request.state.caller = found
        return found


def allow(*roles: Role) -> Any:
    """Return a dependency that lets these roles through and answers 401 or 403 to others."""
    if not roles:
        raise ValueError("allow: name at least one role")
    return Depends(Guard(frozenset(roles)))


def caller(request: Request) -> Caller:
    """Return who calls, as the route's ``allow`` found it; call it inside a route or use it as a dependency."""
    found = request.state.caller
    assert isinstance(found, Caller)
    return found


def roles_of(route: BaseRoute) -> frozenset[Role] | None:
    """Return the roles a route declares, or None where it declares none or more than once."""
    declared = [
        depends.dependency.roles
        for depends in getattr(route, "dependencies", ())
        if isinstance(depends, Declared) and isinstance(depends.dependency, Guard)
    ]
    return declared[0] if len(declared) == 1 else None
