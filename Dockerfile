# The image of web, worker, beat and the one-shot migration. psycopg2 is built against Debian's libpq in a stage of its
# own, so the image carries neither a compiler nor headers, and the process runs as a user that owns no code.
FROM python:3.11-slim-bookworm AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/image.lock /build/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /build/image.lock

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home ops
COPY --from=builder /venv /venv
COPY . /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPS_CENTER_DATA=/data
# Words need neither database nor keys; static files go to the data volume with the migration (manage.py prepare).
RUN python -m compileall -q /app && python manage.py words --compile
USER ops
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "ops_center.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--preload", "--no-control-socket", "--timeout", "60", "--access-logfile", "-"]
