package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cacheOptions keep what a careful operator keeps: no managedFields, only the Secrets that are ours.
//
// statusOnly also drops everything of a pod but its metadata, phase and conditions. unsafeNoCopy hands out the cache's
// own objects instead of copies, which is right only as long as nobody changes one.
func cacheOptions(statusOnly, unsafeNoCopy bool) cache.Options {
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Label: labels.SelectorFromSet(labels.Set{"app.kubernetes.io/managed-by": "bench"})},
		},
	}
	if statusOnly {
		options.ByObject[&corev1.Pod{}] = cache.ByObject{Transform: keepStatusOnly}
	}
	if unsafeNoCopy {
		options.DefaultUnsafeDisableDeepCopy = &unsafeNoCopy
	}
	return options
}

func keepStatusOnly(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		pod.ManagedFields = nil
		pod.Spec = corev1.PodSpec{}
		pod.Status = corev1.PodStatus{Phase: pod.Status.Phase, Conditions: pod.Status.Conditions}
	}
	return object, nil
}
