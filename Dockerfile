# Coil OS on any system that runs containers:
#
#   docker build -t coil .
#   docker run --rm -it coil                 the board's prompt
#   docker run --rm coil make test
FROM debian:12-slim

# What the README assumes of a machine; `make` installs the rest itself.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates gcc git libc6-dev make python3 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /coil
# The tools come first: this layer is made again only when what they need changes.
COPY Makefile pyproject.toml requirements.lock LICENSE ./
COPY tools ./tools
RUN make setup

COPY . .
RUN make build

CMD ["make", "run"]
