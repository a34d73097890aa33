"""Who does the machine's work, and where: workers that are counted and logged, and Celery when several machines share
it."""
