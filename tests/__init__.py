"""Packages, where fixtures are to end with a folder (``scope="package"``)."""
