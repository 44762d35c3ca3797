"""Claims: a reward for points, all or nothing, and its end: fulfilled, cancelled, expired."""
