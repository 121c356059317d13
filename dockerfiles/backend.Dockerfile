# The Todo app's API. Its build context is app/backend:
#   docker build -f dockerfiles/backend.Dockerfile app/backend
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS dependencies
RUN --mount=type=secret,id=extra-ca \
    if [ -s /run/secrets/extra-ca ]; then https_ca="-o Acquire::https::CaInfo=/run/secrets/extra-ca"; fi; \
    apt-get $https_ca update \
 && apt-get $https_ca install --yes --no-install-recommends binutils \
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv --without-pip /opt/venv
COPY requirements.lock /tmp/
# An extra CA bundle, for networks that re-sign TLS, comes as the build secret `extra-ca`. It is joined with the system's
# own on a tmpfs, so that it is in no layer. The lock is complete: --no-deps keeps out what pyproject.toml overrides.
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=extra-ca \
    --mount=type=tmpfs,target=/run/ca \
    if [ -s /run/secrets/extra-ca ]; then \
      cat /etc/ssl/certs/ca-certificates.crt /run/secrets/extra-ca > /run/ca/bundle.pem \
      && export PIP_CERT=/run/ca/bundle.pem; \
    fi \
 && python -m pip --python /opt/venv/bin/python --disable-pip-version-check \
      install --no-compile --no-deps --require-hashes --requirement /tmp/requirements.lock
# Debug symbols are a fifth of the packages. Only what nothing has patched since it was linked: not psycopg's libraries.
RUN cd /opt/venv/lib/python3*/site-packages && find sqlalchemy httptools -name '*.so' -exec strip --strip-unneeded {} +
# Bytecode for what is imported at start, the standard library's part too (the base image has none), and for nothing
# else: the root file system is read-only later, and with half a core compiling is most of the time to start. By hash,
# since copies from one stage to another may keep the times of an earlier build.
ENV PYTHONPYCACHEPREFIX=/opt/bytecode
# The OpenAI library comes as bytecode alone: it is imported at first use, and to compile its 800 modules then would take
# seconds of a request, while both forms would be 8 MB more.
RUN cd /opt/venv/lib/python3*/site-packages \
 && /opt/venv/bin/python -m compileall -q -b --invalidation-mode unchecked-hash openai \
 && find openai -name '*.py' -delete
RUN PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python -c "import sys, alembic.command, fastapi_cli.cli, jwt, psycopg, pydantic.v1, \
      fastapi.sse, httpx2, prometheus_client, pydantic_settings, sqlalchemy.dialects.postgresql.psycopg, uvicorn.lifespan.on, \
      uvicorn.loops.asyncio, uvicorn.middleware.proxy_headers, uvicorn.protocols.http.httptools_impl; \
      files = (getattr(module, '__file__', None) or '' for module in list(sys.modules.values())); \
      print(*(file for file in files if file.endswith('.py')), sep='\n')" > /tmp/imported \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -i /tmp/imported

FROM dependencies AS app
WORKDIR /app
COPY todo_backend todo_backend
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash todo_backend

FROM ${PYTHON_IMAGE}
ARG PYTHON_IMAGE
ARG VERSION=unreleased
LABEL org.opencontainers.image.title="todo-backend" \
      org.opencontainers.image.description="The Todo app's API: each user's tasks, on Postgres" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
# Nothing is installed from here on, so pip goes.
RUN groupadd --gid 10001 todo \
 && useradd --uid 10001 --gid todo --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin todo \
 && rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/bin/pip*
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=dependencies /opt/bytecode /opt/bytecode
COPY --from=app /opt/bytecode/app /opt/bytecode/app
COPY --from=app /app /app
WORKDIR /app
# The database driver brings an OpenSSL of its own, which looks for the system's CAs where there are none.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/bytecode \
    PYTHONUNBUFFERED=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
EXPOSE 8000
# The pod's neighbours alone reach it (a NetworkPolicy), so their word on the client's address counts; it is only logged.
CMD ["fastapi", "run", "--entrypoint", "todo_backend.main:app", "--port", "8000", "--forwarded-allow-ips", "*"]
