"""Caps of earning: the most points a member gets in a day or by a campaign, and the most a campaign gives to all."""
