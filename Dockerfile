# One image for web, worker and sweeper; what it does is its command (docker-compose.yml).
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/srv/static DATA_DIR=/var/lib/infusion-strategy
RUN useradd --system --uid 10001 --home-dir /var/lib/infusion-strategy --create-home infusion
WORKDIR /srv/infusion-strategy
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Hashed and compressed once, at build time; the values below only let the settings load and stay in this one command.
RUN SECRET_KEY=build PSEUDONYM_KEY=build DATABASE_URL=postgres://build/build \
    python manage.py collectstatic --noinput --verbosity 0
USER 10001
VOLUME /var/lib/infusion-strategy
EXPOSE 8000
CMD ["gunicorn", "infusion_strategy.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--timeout", "120", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
