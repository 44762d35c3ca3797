"""What the compiler leaves to graphql-core, said before any resolver has run."""


class NotCompiled(Exception):
    """This operation is executed by graphql-core; the message says why."""
