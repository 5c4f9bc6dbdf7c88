# kerasae as a command, on a processor or on GPUs:
#
#   docker build -t kerasae .
#   docker build --build-arg EXTRAS=gpu,onnx -t kerasae:gpu .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" kerasae train rows.csv --out runs/rows
#   docker run --rm --gpus all -v "$PWD:/work" --user "$(id -u):$(id -g)" kerasae:gpu train digits --out runs/digits
#
# The extra `gpu` brings the CUDA libraries from PyPI. Only the driver and the NVIDIA Container Toolkit are
# those of the host.

FROM python:3.12-slim-bookworm AS wheel
WORKDIR /src
COPY pyproject.toml setup.cfg setup.py MANIFEST.in README.md LICENSE ./
COPY kerasae kerasae
COPY export export
COPY tuning tuning
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim-bookworm
ARG EXTRAS=onnx
ENV PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2 \
    # For a user without a home: what Keras and matplotlib write for themselves.
    HOME=/tmp \
    # What the NVIDIA Container Toolkit brings in, if it is there.
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=wheel /wheels /wheels
RUN python -m pip install --no-cache-dir "$(echo /wheels/*.whl)[${EXTRAS}]" && rm -r /wheels
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["kerasae"]
CMD ["--help"]
