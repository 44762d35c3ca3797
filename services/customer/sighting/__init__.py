"""What was seen together with somebody without proving who they are: devices, installations, unverified addresses."""
