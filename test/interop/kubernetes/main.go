// Command manifests checks Kubernetes manifests as the API server does when they are applied: strict decoding, defaulting, the
// strategies' validation on create, their warnings, and the pod security standard "restricted".
//
//	manifests file.yaml…
//
// It prints one JSON line per object and exits with 1 when any of them would be refused or warned of.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type report struct {
	File     string   `json:"file"`
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
	// The object with all defaults, as the server would keep it.
	Object runtime.Object `json:"object,omitempty"`
}

var strategies = map[string]rest.RESTCreateStrategy{
	"Job":            job.Strategy,
	"CronJob":        cronjob.Strategy,
	"ConfigMap":      configmap.Strategy,
	"Secret":         secret.Strategy,
	"ServiceAccount": serviceaccount.Strategy,
}

func main() {
	security, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	decoder := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	bad := len(os.Args) < 2
	for _, file := range os.Args[1:] {
		f, err := os.Open(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		documents := utilyaml.NewYAMLReader(bufio.NewReader(f))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			r := report{File: file, Errors: []string{}, Warnings: []string{}}
			if err == nil {
				check(document, decoder, security, &r)
			} else {
				r.Errors = append(r.Errors, err.Error())
			}
			bad = bad || len(r.Errors) > 0 || len(r.Warnings) > 0
			line, _ := json.Marshal(r)
			fmt.Println(string(line))
		}
		f.Close()
	}
	if bad {
		os.Exit(1)
	}
}

func check(document []byte, decoder runtime.Decoder, security policy.Evaluator, r *report) {
	object, kind, err := decoder.Decode(document, nil, nil)
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
		return
	}
	r.Kind = kind.Kind
	if accessor, err := meta.Accessor(object); err == nil {
		r.Name = accessor.GetName()
		if accessor.GetNamespace() == "" {
			accessor.SetNamespace("default")
		}
	}
	strategy, known := strategies[kind.Kind]
	if !known {
		r.Errors = append(r.Errors, "no strategy for "+kind.Kind)
		return
	}
	checkSecurity(object, security, r)
	legacyscheme.Scheme.Default(object)
	r.Object = object.DeepCopyObject()
	internal, err := legacyscheme.Scheme.ConvertToVersion(object, runtime.InternalGroupVersioner)
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
		return
	}
	ctx := genericapirequest.WithRequestInfo(
		genericapirequest.WithNamespace(context.Background(), "default"),
		&genericapirequest.RequestInfo{APIGroup: kind.Group, APIVersion: kind.Version},
	)
	if accessor, err := meta.Accessor(internal); err == nil {
		rest.FillObjectMetaSystemFields(accessor)
	}
	strategy.PrepareForCreate(ctx, internal)
	var found field.ErrorList = strategy.Validate(ctx, internal)
	for _, one := range found {
		r.Errors = append(r.Errors, one.Error())
	}
	r.Warnings = append(r.Warnings, strategy.WarningsOnCreate(ctx, internal)...)
}

func checkSecurity(object runtime.Object, security policy.Evaluator, r *report) {
	var template *corev1.PodTemplateSpec
	switch typed := object.(type) {
	case *batchv1.Job:
		template = &typed.Spec.Template
	case *batchv1.CronJob:
		template = &typed.Spec.JobTemplate.Spec.Template
	default:
		return
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range security.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			r.Errors = append(r.Errors, fmt.Sprintf("pod security: %s: %s", result.ForbiddenReason, result.ForbiddenDetail))
		}
	}
}
