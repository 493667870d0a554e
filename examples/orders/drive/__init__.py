"""Drives the deployed app and shows what happens; one file for each thing shown. Ends with a clear message when it must not be so."""
