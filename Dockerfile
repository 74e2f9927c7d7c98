# One image for every process: docker run … haven web|realtime|worker|subscriber|guardian|migrate|handover
#
# The root file system may be read-only. Written to are, beside what a setting names:
#   /dev/shm         gunicorn's heartbeats, and the metrics that its processes share
#   /tmp             uploads while they are read
#   /var/lib/haven   HAVEN_FILES_DIR, and the SQLite file where no DATABASE_URL is set
#
# checkov:skip=CKV_DOCKER_2:an image of seven programs has no one check, so compose.yaml and the chart have one for each
# checkov:skip=CKV_DOCKER_7:the tag is in PYTHON_IMAGE
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim

FROM ${PYTHON_IMAGE} AS dependencies
# Bytecode is never compared with its source: quicker starts, and the same bytes in every build.
ENV PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/haven \
    UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# uv in the version, and with the digest, that uv.lock has
COPY scripts/fetch_uv.py scripts/
COPY uv.lock ./
RUN python scripts/fetch_uv.py /usr/local/bin
COPY pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --extra postgres --no-install-project \
    && rm /opt/haven/.lock \
    && find /opt/haven -exec touch --no-dereference --date=1980-01-01 {} +

FROM dependencies AS application
COPY LICENSE README.md ./
COPY app app
# The commit's time: a browser's copy of a static file is compared by it.
ARG SOURCE_DATE_EPOCH=""
# uv is its own build backend: nothing is downloaded. What tells when it was built goes: every build is the same.
RUN uv build --offline --wheel --out-dir /dist \
    && uv pip install --no-index --find-links /dist --no-deps --python /opt/haven --prefix /application haven \
    && sed -i /uv_cache/d /application/lib/python*/site-packages/haven-*/RECORD \
    && rm /application/.lock /application/lib/python*/site-packages/haven-*/uv_cache.json \
    && find /application -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" {} + \
    && mkdir /data

FROM ${PYTHON_IMAGE}
# Without pip, which nothing here needs. The public image has no bytecode of the standard library, and a process could
# keep none: without this each would compile what it imports, at every start.
RUN rm -r "$(python -c 'import pip; print(*pip.__path__)')"* "$(python -c 'import ensurepip as e; print(*e.__path__)')" \
        /usr/local/bin/pip* \
    && python -m compileall -q --invalidation-mode unchecked-hash -x '/(site-packages|idlelib|tkinter|turtledemo)/' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=dependencies /opt/haven /opt/haven
COPY --from=application /application /opt/haven
COPY --from=application --chown=10001:10001 /data /var/lib/haven
ENV PATH=/opt/haven/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HAVEN_ENV=production \
    HAVEN_FILES_DIR=/var/lib/haven/files \
    HAVEN_HTTP_HOST=0.0.0.0 \
    HAVEN_METRICS_DIR=/dev/shm/haven-metrics \
    HAVEN_OPS_HOST=0.0.0.0
WORKDIR /var/lib/haven
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["haven"]
CMD ["web"]
# `make image` adds version and revision: from an ARG, a step in the cache of older engines keeps the former ones.
LABEL org.opencontainers.image.title=haven \
      org.opencontainers.image.description="Flask on Redis with high availability" \
      org.opencontainers.image.licenses=MIT
