"""What happened, kept in Postgres: the only package that speaks SQL.

Nothing that a viewer waits for waits for anything in here.
"""
