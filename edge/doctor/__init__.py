"""What this machine is, and what works on it; one module for each part of it.

Every effect (reading a file, looking a package up, opening a session) is handed in, so that tests replay what was
recorded on other machines.
"""
