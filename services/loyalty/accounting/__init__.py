"""The books: days that are closed once and never change, what is owed to members, what a sale's points are worth."""
