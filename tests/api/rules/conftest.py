from tests.support.stores import postgres, store_url

__all__ = ["postgres", "store_url"]
