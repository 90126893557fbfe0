"""`python -m app` is `sohoa`."""

from app.main import main

main()
