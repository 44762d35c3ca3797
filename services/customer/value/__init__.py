"""Value: what a member is worth, by what the order service tells; made when it is read, in whatever order it came."""
