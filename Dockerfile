# The site's image: one for web, live, worker, beat and migrations; the command says which.

FROM node:24-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# The script is plain Python and installs nothing that is there already.
RUN apt-get update && apt-get install -y --no-install-recommends python3 && python3 scripts/build_assets.py

FROM python:3.11-slim AS packages
COPY requirements-production.txt /tmp/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements-production.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=hospital.settings.prod WEB_BIND=0.0.0.0:8001
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hospital
# The volume of the audit record's anchors takes its owner from here.
RUN mkdir /anchors && chown hospital /anchors
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=assets /src/static/vendor static/vendor
# Static files need no secrets: the values below are never used for anything else.
RUN SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") ALLOWED_HOSTS=build.invalid \
    FIELD_KEYS=$(python -c "import os, base64; print('build:' + base64.b64encode(os.urandom(32)).decode())") \
    INDEX_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") \
    BACKUP_KEYS=$(python -c "import os, base64; print('build:' + base64.b64encode(os.urandom(32)).decode())") \
    AUDIT_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") AUDIT_ANCHOR_FILE=/tmp/anchors \
    DATABASE_URL="postgres://build@build.invalid/x?sslmode=verify-full" REDIS_URL=rediss://build.invalid/0 \
    python manage.py collectstatic --no-input --verbosity 0
USER hospital
EXPOSE 8001 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8001/healthz', headers={'Host': __import__('os').environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=3)"]
CMD ["gunicorn", "hospital.wsgi"]
