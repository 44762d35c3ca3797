"""Erasing a person: their keys are destroyed, and with them everything that was sealed; every service is told.

In steps that can each be repeated: a certificate is begun (RUNNING); one transaction destroys the profiles' keys,
claims and terms, leaves of each profile that there was one, and tells of it; then what other rooms hold goes; then the
certificate is DONE. What a crash leaves is taken up by the sweep.
"""
