from tests.support.stores import postgres, store_url  # noqa: F401
