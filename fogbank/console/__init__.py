"""The console: pages under `/_fogbank/console/` that show what runs here. Reads through the calls port like any client.

`diagram/` draws a state machine as SVG (pure), `states.py` serves its page, `progress.py` says from a history how far each
state is, `assets/` holds the page itself.
"""
