"""Who did what with which key: every mutation, in a chain of which nothing can be taken out unseen (`kit.chain`).

Holds the key's name, ids, the operation's own names and how it ended. Variables and answers are not in it, so neither
secrets nor personal data are.
"""

from gateway.audit.log import Audit, open_audit

__all__ = ["Audit", "open_audit"]
