"""A line as sold or taken back: its amounts, its rules, its document."""
