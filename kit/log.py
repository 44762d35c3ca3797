"""Structured logs: one JSON object a line on standard error, with the trace id of the request.

Nothing personal goes into a log: ids yes, names, addresses and e-mails no.
"""

import logging
import sys
from typing import Any, cast

import orjson
import structlog
from pymongo.errors import ConnectionFailure
from structlog.typing import FilteringBoundLogger, Processor

ConsoleOrJson = str
"""`json` for machines, `console` for people."""


def configure(level: str = "INFO", style: ConsoleOrJson = "json") -> None:
    """Set up the process's logging, the standard library's loggers included; call it once, at the start."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if style == "console"
        else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.error").addFilter(_tells_no_address)
    logging.getLogger("pymongo.client").addFilter(_tells_an_outage_in_a_line)
    for noisy in ("pymongo", "asyncio", "uvicorn.access", "httptools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(name: str) -> FilteringBoundLogger:
    """The logger of a module."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def _tells_no_address(record: logging.LogRecord) -> bool:
    """Uvicorn tells of every WebSocket with its client's address, whatever `access_log` says."""
    return not (isinstance(record.msg, str) and record.msg.startswith('%s - "WebSocket'))


def _tells_an_outage_in_a_line(record: logging.LogRecord) -> bool:
    """PyMongo's own background work tells with a stack trace that MongoDB is away; who waits for it says so shortly."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ConnectionFailure):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "%s %s", (record.getMessage(), type(error).__name__)
        record.exc_info = None
    return True


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()
