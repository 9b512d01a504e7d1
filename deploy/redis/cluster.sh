# Join NODES (host:port with spaces between) to a cluster in which half lead and each is followed by one of the others.
# WAYS are options of redis-cli (TLS). REDISCLI_AUTH has the password of the user "cluster". Joined already: nothing is done.
set -eu
ask() { redis-cli $WAYS --user cluster --no-auth-warning "$@"; }
first="${NODES%% *}"
for node in $NODES; do
  until [ "$(ask -h "${node%:*}" -p "${node##*:}" PING)" = PONG ]; do
    echo "waiting for $node"
    sleep 1
  done
done
state() { ask -h "${first%:*}" -p "${first##*:}" CLUSTER INFO | tr -d '\r'; }
if state | grep -q '^cluster_state:ok$'; then
  echo "joined already"
  exit 0
fi
ask --cluster create $NODES --cluster-replicas 1 --cluster-yes
until state | grep -q '^cluster_state:ok$'; do sleep 1; done
echo "joined"
