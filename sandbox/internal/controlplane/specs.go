package controlplane

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"shopset.dev/shopset/sandbox/internal/pki"
	"shopset.dev/shopset/sandbox/internal/process"
)

// Names of a cluster's processes.
const (
	Etcd       = "etcd"
	APIServer  = "kube-apiserver"
	Controller = "kube-controller-manager"
	Scheduler  = "kube-scheduler"
	NodeAgent  = "node-agent"
)

// yield is by how much control planes and Argo CD give way to what shoppers pass through. Clusters
// have machines of their own; here one that starts must not take the time of those that serve.
const (
	yield = 5
	// YieldMore is for what may take its time.
	YieldMore = 10
)

// Graces are short: all a cluster must keep is in etcd, and that keeps what it
// has acknowledged however it ends.
const (
	shortGrace = 2 * time.Second
	podGrace   = 12 * time.Second // the node agent ends its Pods first
)

// Storage are the processes that the others need before they can start.
func (c Cluster) Storage() []process.Spec {
	return []process.Spec{
		c.part(Etcd, 5*time.Second, c.etcdArgs()),
		c.part(APIServer, shortGrace, c.apiServerArgs()),
	}
}

// Managers are the processes that work on the API.
func (c Cluster) Managers() []process.Spec {
	agent := c.part(NodeAgent, podGrace, []string{"node", "--config", c.NodeFile()})
	agent.Path, agent.Nice = c.Self, 0
	agent.Env = append(agent.Env, "GOGC=400") // it is small, and all requests between Pods pass through it
	return []process.Spec{
		c.part(Controller, shortGrace, c.controllerArgs()),
		c.part(Scheduler, shortGrace, c.schedulerArgs()),
		agent,
	}
}

func (c Cluster) part(name string, grace time.Duration, args []string) process.Spec {
	args = append(args, c.changed(name)...)
	return process.Spec{
		Name:  name,
		Path:  filepath.Join(c.Parts, name),
		Args:  args,
		Env:   Environment(c.Parts, c.home(), c.Mark),
		Dir:   c.home(),
		Log:   c.Dir.Log(c.Name + "-" + name),
		Nice:  yield,
		Grace: grace,
	}
}

// changed are the flags that a person has set; the last one counts.
func (c Cluster) changed(name string) []string {
	var args []string
	for _, flag := range slices.Sorted(maps.Keys(c.Settings[name])) {
		args = append(args, "--"+flag+"="+c.Settings[name][flag])
	}
	return args
}

// Changeable are the processes whose flags can be set.
func Changeable() []string { return []string{Etcd, APIServer, Controller, Scheduler} }

// Environment is all that a part sees of the user's: proxies, kubeconfigs and
// Git settings of theirs must not change what a sandbox does.
func Environment(parts, home string, more ...string) []string {
	return append([]string{
		"PATH=" + parts + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + filepath.Join(home, "tmp"),
		"LANG=C.UTF-8",
	}, more...)
}

func (c Cluster) etcdArgs() []string {
	certificates := c.Certificates()
	client, peer := c.url(c.Ports.Etcd), c.url(c.Ports.EtcdPeer)
	return []string{
		"--name=" + c.Name,
		"--data-dir=" + c.home("etcd"),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=" + c.Name + "=" + peer,
		"--cert-file=" + certificates.Certificate(pki.EtcdServer), "--key-file=" + certificates.Key(pki.EtcdServer),
		"--trusted-ca-file=" + certificates.Certificate(pki.EtcdCA), "--client-cert-auth=true",
		"--peer-cert-file=" + certificates.Certificate(pki.EtcdServer), "--peer-key-file=" + certificates.Key(pki.EtcdServer),
		"--peer-trusted-ca-file=" + certificates.Certificate(pki.EtcdCA), "--peer-client-cert-auth=true",
		// Killed processes lose nothing that was written; only a machine does.
		"--unsafe-no-fsync=true",
		"--heartbeat-interval=500", "--election-timeout=5000", // one member: nobody to outrun
		"--auto-compaction-mode=periodic", "--auto-compaction-retention=10m",
		"--log-level=warn",
	}
}

func (c Cluster) apiServerArgs() []string {
	certificates := c.Certificates()
	return []string{
		"--bind-address=" + c.Address, "--secure-port=" + strconv.Itoa(c.Ports.APIServer),
		"--advertise-address=" + c.AdvertiseAddress,
		"--tls-cert-file=" + certificates.Certificate(pki.APIServer), "--tls-private-key-file=" + certificates.Key(pki.APIServer),
		"--client-ca-file=" + certificates.Certificate(pki.CA),
		"--cert-dir=" + c.home("tmp"),
		"--etcd-servers=" + c.url(c.Ports.Etcd),
		"--etcd-cafile=" + certificates.Certificate(pki.EtcdCA),
		"--etcd-certfile=" + certificates.Certificate(pki.EtcdClient), "--etcd-keyfile=" + certificates.Key(pki.EtcdClient),
		"--kubelet-client-certificate=" + certificates.Certificate(pki.KubeletClient), "--kubelet-client-key=" + certificates.Key(pki.KubeletClient),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + certificates.File(pki.ServiceAccountPublic),
		"--service-account-signing-key-file=" + certificates.File(pki.ServiceAccountKey),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + c.ServiceCIDR,
		"--requestheader-client-ca-file=" + certificates.Certificate(pki.FrontProxyCA),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + certificates.Certificate(pki.FrontProxy), "--proxy-client-key-file=" + certificates.Key(pki.FrontProxy),
		"--enable-aggregator-routing=true", "--egress-selector-config-file=" + c.home("egress.yaml"),
		"--allow-privileged=true", "--profiling=false",
	}
}

func (c Cluster) controllerArgs() []string {
	certificates := c.Certificates()
	return append(c.componentArgs(pki.Controllers, c.Ports.ControllerManager),
		"--cluster-name="+c.Name,
		"--service-account-private-key-file="+certificates.File(pki.ServiceAccountKey),
		"--root-ca-file="+certificates.Certificate(pki.CA),
		"--cluster-signing-cert-file="+certificates.Certificate(pki.CA), "--cluster-signing-key-file="+certificates.Key(pki.CA),
		"--use-service-account-credentials=true",
		"--kube-api-qps=100", "--kube-api-burst=200",
	)
}

func (c Cluster) schedulerArgs() []string {
	return append(c.componentArgs(pki.Scheduler, c.Ports.Scheduler), "--kube-api-qps=100", "--kube-api-burst=200")
}

// componentArgs are what the controller-manager and the scheduler share.
func (c Cluster) componentArgs(user string, port int) []string {
	certificates := c.Certificates()
	kubeconfig := c.kubeconfig(user)
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=" + c.Address, "--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + certificates.Certificate(pki.Serving), "--tls-private-key-file=" + certificates.Key(pki.Serving),
		"--leader-elect=false", "--profiling=false",
	}
}

func (c Cluster) url(port int) string {
	return fmt.Sprintf("https://%s", net.JoinHostPort(c.Address, strconv.Itoa(port)))
}
