// The same manager as ../ours, on controller-runtime, as one would ship it: typed client (so that pods come as
// protobuf), managedFields stripped, Secrets selected by the server, one worker, no metrics endpoint.
//
//	KUBECONFIG=... theirs --widgets 1000 [--status-only] [--unsafe-no-copy]
//
// It says {"event":"synced"} on stdout after the first 1,000 reconciles and then answers commands; see control.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync/atomic"

	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

func main() {
	widgets := flag.Int64("widgets", 1000, "how many reconciles are the first round")
	statusOnly := flag.Bool("status-only", false, "keep only metadata, phase and conditions of pods")
	unsafeNoCopy := flag.Bool("unsafe-no-copy", false, "read the cache without copying")
	flag.Parse()
	if err := run(*widgets, *statusOnly, *unsafeNoCopy); err != nil {
		fmt.Fprintln(os.Stderr, "theirs:", err)
		os.Exit(1)
	}
}

func run(widgets int64, statusOnly, unsafeNoCopy bool) error {
	ctrl.SetLogger(zap.New(zap.Level(zapcore.WarnLevel)))
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(addToScheme(scheme))

	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	requests := &listCounter{counts: map[string]int{}}
	config.Wrap(requests.wrap)
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Cache:   cacheOptions(statusOnly, unsafeNoCopy),
		Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctrl.SetupSignalHandler())
	defer stop()
	if err := manager.GetFieldIndexer().IndexField(ctx, &corev1.Pod{}, podsByLabel, func(object client.Object) []string {
		if widget := object.GetLabels()[widgetLabel]; widget != "" {
			return []string{widget}
		}
		return nil
	}); err != nil {
		return err
	}

	var podEvents atomic.Int64
	reconciler := &reconciler{
		client:     manager.GetClient(),
		expected:   widgets,
		onExpected: func() { say("synced", map[string]any{"reconciles": widgets}) },
	}
	if err := register(manager, reconciler, &podEvents); err != nil {
		return err
	}
	go func() {
		if err := (&control{reconciler, requests, &podEvents}).serve(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "theirs:", err)
		}
		stop()
	}()
	return manager.Start(ctx)
}

func register(manager ctrl.Manager, reconciler *reconciler, podEvents *atomic.Int64) error {
	toWidget := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
		widget := object.GetLabels()[widgetLabel]
		if widget == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: widget}}}
	})
	counted := predicate.Funcs{UpdateFunc: func(update event.UpdateEvent) bool {
		if update.ObjectOld.GetResourceVersion() != update.ObjectNew.GetResourceVersion() {
			podEvents.Add(1)
		}
		return true
	}}
	return ctrl.NewControllerManagedBy(manager).
		For(&Widget{}).
		Watches(&corev1.Pod{}, toWidget, builder.WithPredicates(counted)).
		Watches(&corev1.Secret{}, toWidget).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			reconciler.queue = queue
			return nil
		})).
		Complete(reconciler)
}
