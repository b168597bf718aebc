"""The least threshold at which every post finds its units, and the posts that prove that none below it does.

An entry is a fraction ``num / den``: staffed time over deadline. The threshold starts at the largest bound that a
single post sets and is raised, where an augmenting search finds no unit, to the least entry that leads out of what
the search has reached: below that no plan exists, by Hall, and so it ends at the least one (Gross 1959; the search
that raises its own threshold is Derigs and Zimmermann's of 1978). What was found before is taken over, so that a
small change of the table costs a small search.
"""

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.graph import Bools
from lockdown.lines import Ints

LONGEST = (1 << 31) - 1
"""Numerators and denominators are at most this, so that products of two are exact."""

NEVER = -1
"""Numerator of an entry that is not there."""


@jit("none", "ii", "ii", "ii", "i", "int")
def enter(num: Ints, den: Ints, order: Ints, size: Ints, unit: int) -> None:
    """Put a unit, whose rows of ``num`` and ``den`` (units, posts) have changed, into its place of every post's order.

    ``order[p, :size[p]]`` are the units that can serve post p, the soonest first, ties by unit.
    """
    for p in range(num.shape[1]):
        row, n = order[p], size[p]
        at = 0
        while at < n and row[at] != unit:
            at += 1
        if at < n:
            n -= 1
            for k in range(at, n):
                row[k] = row[k + 1]
        if num[unit, p] >= 0:
            at = n
            while at > 0:
                other = row[at - 1]
                mine, its = num[unit, p] * den[other, p], num[other, p] * den[unit, p]
                if its < mine or (its == mine and other < unit):
                    break
                row[at] = other
                at -= 1
            row[at] = unit
            n += 1
        size[p] = n


@jit("none", "b")
def _clear(marks: Bools) -> None:
    for i in range(len(marks)):
        marks[i] = False


@jit("none", "b", "b")
def _copy(marks: Bools, into: Bools) -> None:
    for i in range(len(marks)):
        into[i] = marks[i]


@jit("int int", "int", "int", "ii", "ii", "ii", "i", "i", "b", "b", "i", "i", "i", "i", "int")
def _search(
    top: int,
    bottom: int,
    num: Ints,
    den: Ints,
    order: Ints,
    size: Ints,
    holder: Ints,
    seen: Bools,
    reached: Bools,
    queue: Ints,
    by: Ints,
    came_from: Ints,
    upto: Ints,
    count: int,
) -> tuple[int, int]:
    """Go on from the first ``count`` posts of ``queue`` to a free unit; return it, or -1, and how many posts there are.

    ``came_from[u]`` is the post that unit u was seen from, ``by[p]`` the unit that post p was reached by, ``upto[p]``
    how many of its units are below the threshold.
    """
    done = 0
    while done < count:
        p = queue[done]
        k = 0
        while k < size[p]:
            u = order[p, k]
            if num[u, p] * bottom > top * den[u, p]:
                break
            k += 1
            if seen[u]:
                continue
            seen[u], came_from[u] = True, p
            other = holder[u]
            if other < 0:
                return int(u), count
            if not reached[other]:
                reached[other], by[other], queue[count] = True, u, other
                count += 1
        upto[p] = k
        done += 1
    return -1, count


@jit("none", "int", "int", "i", "i", "i")
def _hand_on(free: int, wants: int, came_from: Ints, by: Ints, holder: Ints) -> None:
    """Give ``free`` to the post it was seen from, that post's unit to the one before, and so on to ``wants``."""
    p = came_from[free]
    while p != wants:
        holder[free] = p
        free = by[p]
        p = came_from[free]
    holder[free] = wants


@jit("i", "i", "i", "int", "int", "ii", "ii", "i")
def _kept(posts: Ints, need: Ints, top: int, bottom: int, num: Ints, den: Ints, holder: Ints) -> Ints:
    """Free the units that do not fit where they serve, and return how many each post has."""
    have = np.zeros(num.shape[1], np.int64)
    asked = np.zeros(num.shape[1], np.bool_)
    for p in posts:
        asked[p] = True
    for u in range(num.shape[0]):
        p = holder[u]
        if p < 0:
            continue
        if asked[p] and have[p] < need[p] and num[u, p] >= 0 and num[u, p] * bottom <= top * den[u, p]:
            have[p] += 1
        else:
            holder[u] = -1
    return have


@jit("int int int", "i", "i", "ii", "ii", "ii", "i", "i", "b")
def least(
    posts: Ints, need: Ints, num: Ints, den: Ints, order: Ints, size: Ints, holder: Ints, below: Bools
) -> tuple[int, int, int]:
    """Return the least threshold as (num, den) and the post that sets it; (-1, 1, post) where there is no plan at all.

    ``posts`` are those asked for, ``need`` (posts,) how many units each wants. ``holder`` (units,) is the post each
    unit serves, or -1; it is taken over as far as it fits and left as the plan found. ``below`` (posts,) is left as the
    posts that together want more units than can serve any of them below the threshold.
    """
    units, all_posts = num.shape
    top, bottom, last = -1, 1, -1
    _clear(below)
    for p in posts:
        if size[p] < need[p]:
            below[p] = True
            for n in range(units):
                holder[n] = -1
            return -1, 1, int(p)
        u = order[p, need[p] - 1]
        if last < 0 or num[u, p] * bottom > top * den[u, p]:
            top, bottom, last = int(num[u, p]), int(den[u, p]), int(p)
    if last >= 0:
        below[last] = True
    have = _kept(posts, need, top, bottom, num, den, holder)
    seen, came_from = np.empty(units, np.bool_), np.empty(units, np.int64)
    reached, queue = np.empty(all_posts, np.bool_), np.empty(all_posts, np.int64)
    by, upto = np.empty(all_posts, np.int64), np.empty(all_posts, np.int64)
    for wants in posts:
        while have[wants] < need[wants]:
            _clear(seen)
            _clear(reached)
            queue[0], reached[wants], count = wants, True, 1
            while True:
                free, count = _search(
                    top, bottom, num, den, order, size, holder, seen, reached, queue, by, came_from, upto, count
                )
                if free >= 0:
                    break
                # Nothing below or at the threshold leads on: raise it to the least entry that does.
                top, bottom, last = -1, 1, -1
                for i in range(count):
                    p = queue[i]
                    k = upto[p]
                    while k < size[p] and seen[order[p, k]]:
                        k += 1
                    if k < size[p]:
                        u = order[p, k]
                        if last < 0 or num[u, p] * bottom < top * den[u, p]:
                            top, bottom, last = int(num[u, p]), int(den[u, p]), int(p)
                _copy(reached, below)
                if last < 0:
                    return -1, 1, int(wants)
            _hand_on(free, wants, came_from, by, holder)
            have[wants] += 1
    return top, bottom, last


@jit("int", "i", "i", "ii", "ii", "ii", "i", "int", "int", "i", "b")
def missing(
    posts: Ints,
    need: Ints,
    num: Ints,
    den: Ints,
    order: Ints,
    size: Ints,
    top: int,
    bottom: int,
    holder: Ints,
    short: Bools,
) -> int:
    """Return how many units are missing at a threshold; ``holder`` is left as a largest plan.

    ``short`` (posts,) is left as posts that want more units than can serve any of them: those that the first search
    that failed has reached. The other arguments are as of ``least``.
    """
    units, all_posts = num.shape
    have = _kept(posts, need, top, bottom, num, den, holder)
    seen, came_from = np.empty(units, np.bool_), np.empty(units, np.int64)
    reached, queue = np.empty(all_posts, np.bool_), np.empty(all_posts, np.int64)
    by, upto = np.empty(all_posts, np.int64), np.empty(all_posts, np.int64)
    lacking = 0
    _clear(short)
    for wants in posts:
        while have[wants] < need[wants]:
            _clear(seen)
            _clear(reached)
            queue[0], reached[wants] = wants, True
            free, _ = _search(top, bottom, num, den, order, size, holder, seen, reached, queue, by, came_from, upto, 1)
            if free < 0:
                if lacking == 0:
                    _copy(reached, short)
                lacking += need[wants] - have[wants]
                break
            _hand_on(free, wants, came_from, by, holder)
            have[wants] += 1
    return lacking


@jit("none", "i", "ii", "ii", "ii", "i", "int", "int", "b")
def smallest(need: Ints, num: Ints, den: Ints, order: Ints, size: Ints, top: int, bottom: int, short: Bools) -> None:
    """Take posts out of ``short`` (as ``missing`` left it) while the others still want too much."""
    all_posts = num.shape[1]
    holder, left, kept = np.empty(num.shape[0], np.int64), np.empty(all_posts, np.bool_), np.empty(all_posts, np.int64)
    for tried in range(all_posts):
        if not short[tried]:
            continue
        count = 0
        for p in range(all_posts):
            if short[p] and p != tried:
                kept[count] = p
                count += 1
        for u in range(len(holder)):
            holder[u] = -1
        if missing(kept[:count], need, num, den, order, size, top, bottom, holder, left) > 0:
            _copy(left, short)
