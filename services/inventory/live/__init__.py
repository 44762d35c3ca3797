"""Live stock: levels as they change, from one change stream a process to many subscribers."""
