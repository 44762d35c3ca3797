"""Stock: one document a SKU and location; every change of it is one guarded update with its event."""
