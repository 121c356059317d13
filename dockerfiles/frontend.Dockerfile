# The frontend, from nothing: Next.js's standalone build, a stripped Node, and the libraries that Node needs. No shell,
# no package manager. The build context is app/frontend.
#
# Build secret `extra-ca` (optional): a PEM file with further CAs, for networks that re-sign TLS. It is only mounted,
# and ends in no layer.

ARG NODE_IMAGE=node:24-slim

# The root file system that Node runs in.
FROM ${NODE_IMAGE} AS runtime
RUN --mount=type=secret,id=extra-ca \
    if command -v apk >/dev/null; then apk add --no-cache binutils; else \
      if [ -s /run/secrets/extra-ca ]; then https_ca="-o Acquire::https::CaInfo=/run/secrets/extra-ca"; fi; \
      apt-get $https_ca update && apt-get $https_ca install --yes --no-install-recommends binutils; \
    fi
# Next to what ldd names, glibc loads the two libraries that look up hosts by name. Node carries Mozilla's CAs itself.
RUN set -eu; node=/usr/local/bin/node; libraries=$(ldd "$node" | grep -o '/[^ ]*' | sort -u); \
    for library in $libraries; do \
      for found in "$library" "$(dirname "$library")"/libnss_dns.so.2 "$(dirname "$library")"/libnss_files.so.2; do \
        if [ -e "$found" ]; then mkdir -p "/root-fs$(dirname "$found")"; cp -L "$found" "/root-fs$found"; fi; \
      done; \
    done; \
    mkdir -p /root-fs/usr/local/bin /root-fs/etc /root-fs/tmp /root-fs/app/.next/cache; \
    strip --strip-all -o /root-fs/usr/local/bin/node "$node"; \
    chmod 1777 /root-fs/tmp; \
    echo 'hosts: files dns' >/root-fs/etc/nsswitch.conf; \
    echo 'todo:x:1001:1001::/app:/nonexistent' >/root-fs/etc/passwd; \
    echo 'todo:x:1001:' >/root-fs/etc/group; \
    chroot /root-fs /usr/local/bin/node --version

# What the build needs; linters and tests are devDependencies.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=extra-ca \
    if [ -s /run/secrets/extra-ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/extra-ca; fi; \
    npm ci --omit=dev --no-update-notifier

FROM dependencies AS build
ENV NEXT_TELEMETRY_DISABLED=1
COPY . .
# .next/cache must not reach the image, and as a mount it does not. Next can stumble over a cache that another build, cut
# off or of another version, has left: then it builds once more without.
RUN --mount=type=cache,id=todo-frontend-next,target=/app/.next/cache,sharing=locked \
    export npm_config_update_notifier=false; \
    npm run build || { find .next/cache -mindepth 1 -delete && npm run build; } && \
    mv .next/static .next/standalone/.next/static && \
    mv wait-for-schema.mjs database-url.mjs auth-schema.json .next/standalone/ && \
    mv .next/standalone/node_modules /node_modules

FROM scratch
LABEL org.opencontainers.image.title="todo-frontend" \
      org.opencontainers.image.description="The Todo app's pages and sign-in"
COPY --from=runtime /root-fs/ /
# A layer of their own: an edit of the app leaves it as it is.
COPY --from=build /node_modules/ /app/node_modules/
COPY --from=build /app/.next/standalone/ /app/
WORKDIR /app
# Kubernetes sets HOSTNAME to the pod's name, and Next would listen on that alone.
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1 HOSTNAME=0.0.0.0 PORT=3000
USER 1001:1001
EXPOSE 3000
CMD ["/usr/local/bin/node", "server.js"]
