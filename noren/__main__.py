"""`python -m noren` is `noren`."""

from noren.cli import main

main()
