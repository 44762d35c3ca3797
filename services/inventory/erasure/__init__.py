"""What inventory lets go of a person who was erased: waits at once, addresses as soon as nothing is sent there."""
