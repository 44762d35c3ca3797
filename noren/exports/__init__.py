"""Files out of the services, in the form in which they can be brought in again."""
