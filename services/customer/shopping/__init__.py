"""Shopping lists and wish lists: made anywhere, mailed as a link, taken over by the member."""
