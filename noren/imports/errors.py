"""Why an import stops as a whole. A single row never stops it: that one is refused into the report."""


class ImportStopped(Exception):
    """Nothing can be imported as it stands; the message tells a person what to mend."""


class CountsDisagree(Exception):
    """Rows read and rows accounted for differ: a fault of the program, never passed over."""
