"""Postal codes of Japan: which towns and offices one stands for, so that an address need not be typed.

Japan Post's files KEN_ALL and JIGYOSYO, read once (`build`) into one that comes with the package and is kept in memory,
10 MB, from the first question on. A newer one takes its place by `NOREN_POSTAL_FILE`; `noren postal build` makes it.
"""
