#!/bin/sh
# Boot systemd in a layer above TREE: boot.sh TREE WHEELS FOLDER. FOLDER/shared is its /srv.
# It runs in namespaces of its own (tests/install/machine.py), so that all of it ends with it.
set -eu
tree=$1 wheels=$2 folder=$3 root=$3/root

mount --make-rprivate /
# In memory: nothing is left behind, and nothing waits for a disk.
mount -t tmpfs -o mode=755 tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"
mount --bind "$folder/shared" "$root/srv"
mount --bind -o ro "$wheels" "$root/srv/wheels"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

# Both ways in which kernels group processes: systemd takes the one that it is offered.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/unified" "$root/sys/fs/cgroup/systemd"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    mount -t cgroup -o none,name=systemd,xattr cgroup "$root/sys/fs/cgroup/systemd"
fi

ip link set lo up
hostname weiyu-rehearsal
cd "$root"
mkdir -p old
pivot_root . old
umount --lazy old
exec env -i container=weiyu PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --log-target=journal --show-status=0
