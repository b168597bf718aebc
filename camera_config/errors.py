"""Every error a person may meet.

    CountyError
    ├── ConfigError        the county's files are wrong
    │   └── MaskError          a device's privacy mask is missing or damaged
    ├── FeedError          a camera or its stream failed
    │   ├── FeedUnreachable    no connection, refused, closed
    │   ├── FeedCredentials    the camera refused user or password
    │   ├── FeedCertificate    its TLS certificate is not one that we trust
    │   └── FeedProtocol       it answered, but not as RTSP and RTP ask
    │       └── FeedTransport      as they ask, but not in a way that our own client takes
    ├── ModelError         weights are missing, changed, or of a kind we refuse
    ├── StoreError         the store or the event log cannot be used
    └── CertificateError   a plan's certificate does not hold

A bad argument is ``ValueError``. "Not sealed" is an answer, not an error.
"""


class CountyError(Exception):
    """What happened to which thing; ``hint`` says what to do; ``code`` is stable and picks the Chinese text."""

    code = "county"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(CountyError):
    """The county's files are wrong; the message lists every mistake by file and line."""

    code = "config"


class MaskError(ConfigError):
    """A device's privacy mask is missing or damaged: nobody may see its picture. It stays with that device."""

    code = "mask"


class FeedError(CountyError):
    """A camera or its stream failed. It stays with that camera."""

    code = "feed"


class FeedUnreachable(FeedError):
    """No connection: refused, timed out, or closed by the camera."""

    code = "feed-unreachable"


class FeedCredentials(FeedError):
    """The camera refused user or password; asking again soon may lock it."""

    code = "feed-credentials"


class FeedCertificate(FeedError):
    """The camera's TLS certificate is neither the pinned one nor signed for its name by whom we trust."""

    code = "feed-certificate"


class FeedProtocol(FeedError):
    """The camera answered, but not as RTSP and RTP ask."""

    code = "feed-protocol"


class FeedTransport(FeedProtocol):
    """The camera sends by UDP only, or packs its video in a way that our client does not take; another may."""

    code = "feed-transport"


class ModelError(CountyError):
    """Weights are missing, changed, or of a kind that kakou refuses."""

    code = "model"


class StoreError(CountyError):
    """The store or the event log cannot be used."""

    code = "store"


class CertificateError(CountyError):
    """A plan's certificate does not hold."""

    code = "certificate"
