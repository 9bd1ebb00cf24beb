"""The analyzer on Postgres with pgvector: jobs, rows and vectors; the only home of psycopg."""
