# One image for all six services; the command picks one: `storywave service stitcher`.
# `make image-check` takes these steps without an engine.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /opt/storywave
ENV PATH=/opt/storywave/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# The dependencies change seldom: they are a layer of their own, checked by hash.
COPY requirements-build.lock requirements.lock ./
RUN pip install --require-hashes -r requirements-build.lock \
    && pip install --no-build-isolation --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-build-isolation --no-deps .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Storywave" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/storywave /opt/storywave
# Nothing is written but /tmp and /data, so the root file system may be read-only.
RUN useradd --uid 10001 --no-create-home storywave \
    && mkdir -p /data \
    && chown storywave /data
ENV PATH=/opt/storywave/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STORYWAVE_HOST=0.0.0.0 \
    STORYWAVE_DATA=/data \
    STORYWAVE_SCRATCH=/tmp/storywave
USER 10001
WORKDIR /data
EXPOSE 8000 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["storywave"]
CMD ["up"]
