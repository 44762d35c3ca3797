"""The two ways in which an embedded MongoDB cannot be had."""


class MongodMissing(Exception):
    """No mongod can be started on this machine; two lines that say where it was sought and what to do instead."""

    def __init__(self, sought: str) -> None:
        super().__init__(
            f"No embedded MongoDB: {sought}.\n"
            "Point NOREN_MONGODB_URL at a replica set instead, for example "
            "NOREN_MONGODB_URL='mongodb://127.0.0.1:27017/?replicaSet=rs0'."
        )


class MongodFailed(Exception):
    """mongod was found but does not run; `reason` says why, `log_tail` is the end of what mongod said."""

    def __init__(self, reason: str, log_tail: str = "") -> None:
        super().__init__(f"{reason}\n{log_tail}" if log_tail else reason)
        self.reason = reason
        self.log_tail = log_tail
