"""One machine: SQLite for rows and messages, a folder for objects, processes for work."""
