# One image for the server, its timed work and what is done once before them: see compose.yaml.
# deploy/install.sh is what installs Weiyu on a plain Debian as well.
FROM debian:12.12-slim

COPY . /opt/weiyu
RUN /opt/weiyu/deploy/install.sh image

WORKDIR /opt/weiyu
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WEIYU_DATA_DIR=/var/lib/weiyu
VOLUME /var/lib/weiyu
USER weiyu
EXPOSE 8000
CMD [".venv/bin/python", "-m", "weiyu_site.serve", "--host", "0.0.0.0", "--workers", "2"]
