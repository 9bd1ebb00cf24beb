#!/bin/sh
# Makes images that serve as public.ecr.aws/lambda/python:3.11 and python:3.11-slim where those
# cannot be pulled: a root of Debian 12 (whose Python is 3.11), for the first one with Lambda's own
# runtime client. Needs root, debootstrap and a container engine; takes about four minutes.
#   tests/containers/base.sh FOLDER [MIRROR]
# The machine's own certificates go in, so that pip works behind a proxy that signs anew.
set -eu
folder=${1:?a folder for the root is needed}
mirror=${2:-http://deb.debian.org/debian}
lambda=public.ecr.aws/lambda/python

[ -x "$folder/tree/usr/bin/python3" ] || debootstrap --variant=minbase \
    --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$folder/tree" "$mirror"
cp /etc/ssl/certs/ca-certificates.crt "$folder/tree/etc/ssl/certs/ca-certificates.crt"
tar -C "$folder/tree" -c . | docker import - debian-python:3.11

mkdir -p "$folder/slim" "$folder/context"
cat > "$folder/slim/Dockerfile" <<'EOF'
FROM debian-python:3.11
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_SYSTEM_CERTS=1
RUN ln -s python3 /usr/bin/python
EOF
DOCKER_BUILDKIT=0 docker build -t python:3.11-slim "$folder/slim"
cat > "$folder/context/Dockerfile" <<'EOF'
FROM debian-python:3.11
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PYTHONPATH=/var/task:/opt/python
RUN pip install --no-cache-dir awslambdaric boto3
RUN mkdir -p /var/task /var/runtime \
    && printf '#!/bin/sh\nexec python3 -m awslambdaric "${1:-$_HANDLER}"\n' > /var/runtime/bootstrap \
    && chmod 755 /var/runtime/bootstrap
WORKDIR /var/task
ENTRYPOINT ["/var/runtime/bootstrap"]
EOF
DOCKER_BUILDKIT=0 docker build --network "${BUILD_NETWORK:-host}" \
    -t $lambda:3.11 -t $lambda:3.11-x86_64 "$folder/context"
