// Command kube is every Kubernetes component of the local cluster in one static binary: the first
// argument names the component, the rest are that component's own flags.
//
//	kube kube-apiserver --etcd-servers=...
//	kube forward --listen=127.0.0.1:6443 --netns=/run/netns/sb-control --target=172.30.0.1:6443
//
// One binary links the shared code once (about 130 MB instead of 600 MB) and is compiled once.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"scalablebackend.io/e2e/cluster/components/forward"
	"scalablebackend.io/e2e/cluster/components/volumes"

	// kubectl's authentication to clusters other than ours.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
)

// run gives a cobra command the shell that every Kubernetes main has: flags, logs, exit code.
func run(build func() *cobra.Command) func() int {
	return func() int { return cli.Run(build()) }
}

func runControllerManager() int {
	if err := volumes.Open(volumes.Folder); err != nil {
		fmt.Fprintf(os.Stderr, "kube: volumes in %s stay closed to non-root pods: %v\n", volumes.Folder, err)
	}
	return cli.Run(controllermanager.NewControllerManagerCommand())
}

func runEtcd() int {
	etcd.Main(os.Args)
	return 0
}

func runKubectl() int {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
		return 1
	}
	return 0
}

var components = map[string]func() int{
	"etcd":                    runEtcd,
	"forward":                 forward.Main,
	"kube-apiserver":          run(apiserver.NewAPIServerCommand),
	"kube-controller-manager": runControllerManager,
	"kube-proxy":              run(proxy.NewProxyCommand),
	"kube-scheduler":          run(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 runKubectl,
	"kubelet":                 run(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
}

func main() {
	// A link named after a component is that component: bin/kubectl.
	if component := components[filepath.Base(os.Args[0])]; component != nil {
		os.Exit(component())
	}
	if len(os.Args) < 2 || components[os.Args[1]] == nil {
		names := make([]string, 0, len(components))
		for name := range components {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "usage: kube COMPONENT [FLAG ...]\ncomponents: %s\n", strings.Join(names, " "))
		os.Exit(2)
	}
	component := components[os.Args[1]]
	os.Args = os.Args[1:]
	os.Exit(component())
}
