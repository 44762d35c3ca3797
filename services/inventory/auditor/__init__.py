"""The auditor that runs all the time: slice by slice it proves that stock, journal and reservations agree."""
