package main

import (
	"context"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	widgetLabel = "bench/widget"
	podsByLabel = "widget" // the index of pods by that label
)

// reconciler writes the number of a Widget's ready pods into its status, if it is not there yet.
type reconciler struct {
	client     client.Client
	expected   int64  // reconciles after which onExpected is called, once
	onExpected func() // the first round is done

	queue    workqueue.TypedRateLimitingInterface[reconcile.Request] // the controller's own
	spinning atomic.Bool                                             // every key comes back at once

	reconciles atomic.Int64
	writes     atomic.Int64
}

func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var widget Widget
	if err := r.client.Get(ctx, request.NamespacedName, &widget); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(request.Namespace),
		client.MatchingFields{podsByLabel: request.Name}); err != nil {
		return reconcile.Result{}, err
	}
	var ready int32
	for i := range pods.Items {
		if isReady(&pods.Items[i]) {
			ready++
		}
	}
	if widget.Status.Ready != ready {
		before := client.MergeFrom(widget.DeepCopyObject().(client.Object))
		widget.Status.Ready = ready
		if err := r.client.Status().Patch(ctx, &widget, before); err != nil {
			return reconcile.Result{}, err
		}
		r.writes.Add(1)
	}
	if r.reconciles.Add(1) == r.expected {
		r.onExpected()
	}
	if r.spinning.Load() {
		r.queue.Add(request)
	}
	return reconcile.Result{}, nil
}

func isReady(pod *corev1.Pod) bool {
	if pod.Status.Phase != corev1.PodRunning {
		return false
	}
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			return pod.Status.Conditions[i].Status == corev1.ConditionTrue
		}
	}
	return false
}
