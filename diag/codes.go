package diag

// Exit codes of the program, one for each family of failures. Codes of the same family share their first digit.
const (
	ExitOK           = 0 // success
	ExitInternal     = 1 // a bug of ours, or an error that fits nowhere else
	ExitUsage        = 2 // wrong command line
	ExitInput        = 3 // a document is not readable or not valid: config.yml, kind.yml, parameters (TG1xxx)
	ExitGeneration   = 4 // loaders, transforms, graph building (TG2xxx, TG3xxx)
	ExitVerification = 5 // the graph was made but breaks a rule (TG4xxx)
	ExitNetwork      = 6 // a service did not answer or refused (TG5xxx)
	ExitSubmission   = 7 // tasks could not be created (TG6xxx)
)

// The stable codes. The list in docs/reference/errors.md is checked against this one by a test.
const (
	Unclassified Code = "TG0001" // an error without a better code
	Unwritable   Code = "TG0002" // the result cannot be written

	// Documents.
	Unreadable       Code = "TG1001" // a file is missing or cannot be read
	YAMLSyntax       Code = "TG1002" // not YAML, or not one document
	YAMLValue        Code = "TG1003" // YAML that has no value: unknown tag, unhashable key, bad merge
	LimitExceeded    Code = "TG1004" // too large, too deep, too many aliases
	DuplicateKey     Code = "TG1005" // the same key twice (warning)
	JSONSyntax       Code = "TG1006" // not JSON
	NotRepresentable Code = "TG1007" // a value that JSON cannot hold reached the output
	WrongType        Code = "TG1101" // a value of another type than expected
	UnknownField     Code = "TG1102" // a field that the schema does not know
	MissingField     Code = "TG1103" // a required field is absent
	NotAllowed       Code = "TG1104" // a value outside of the allowed ones
	SchemaViolation  Code = "TG1105" // any other rule of a schema
	MutuallyExcluded Code = "TG1106" // fields that exclude each other
	BadParameters    Code = "TG1201" // parameters are not valid
	UnknownParameter Code = "TG1202" // a parameter that nobody declares, or one that is missing
	BadConfig        Code = "TG1301" // config.yml is not valid beyond its schema
	BadCron          Code = "TG1302" // .cron.yml is not valid beyond its schema, or asks for what is not there
	BadTemplate      Code = "TG1401" // a JSON-e template, such as .taskcluster.yml, that cannot be rendered
	BadInput         Code = "TG1501" // input of an action that its schema does not allow
	NotOffered       Code = "TG1502" // an action that is not there, or is not for this task or group

	// Kinds, loaders, registry.
	UnknownKind      Code = "TG2001" // a kind that does not exist
	KindLoop         Code = "TG2002" // kinds that depend on each other
	UnknownLoader    Code = "TG2003" // a loader that is not registered
	UnknownTransform Code = "TG2004" // a transform that is not registered
	UnknownName      Code = "TG2005" // any other registered thing that is not there: strategy, method, filter, ...
	NeedsPython      Code = "TG2006" // in-tree Python that cannot be run
	PythonError      Code = "TG2007" // in-tree Python raised an exception
	PythonStopped    Code = "TG2008" // in-tree Python took too long, or its process ended
	BadStar          Code = "TG2020" // a .star file that is not there or not valid, or a load that cannot be done
	BadStarFunction  Code = "TG2021" // a Starlark function that is not there, or that takes other arguments than it gets
	BadExtension     Code = "TG2022" // a name in taskgraph.extensions that cannot be registered
	BadAction        Code = "TG2101" // an action that cannot be offered

	// Transforms.
	BadKeyedBy     Code = "TG3001" // a by-* value that cannot be resolved
	BadRegexp      Code = "TG3002" // a regular expression that does not compile or takes too long
	BadFormat      Code = "TG3003" // a format string that cannot be expanded
	BadPath        Code = "TG3004" // a dot path that leads nowhere
	DuplicateLabel Code = "TG3005" // two tasks with one label
	MissingFetch   Code = "TG3006" // fetches of something that is not there
	MissingDep     Code = "TG3007" // a dependency that does not exist
	TaskLoop       Code = "TG3008" // tasks that depend on each other
	BadReference   Code = "TG3009" // a task or artifact reference that cannot be resolved
	BadDuration    Code = "TG3010" // a duration that cannot be read
	BadTreeherder  Code = "TG3011" // a treeherder symbol, group or platform
	BadIndex       Code = "TG3012" // an index product, type or path
	BadImage       Code = "TG3013" // a docker image or its context
	BadFiles       Code = "TG3014" // patterns of files that match nothing, or files that cannot be read
	BadWorker      Code = "TG3015" // a worker type, implementation or payload
	BadRun         Code = "TG3016" // a run section
	BadDeps        Code = "TG3017" // from-deps, group-by, set-name
	BadTask        Code = "TG3018" // any other mistake in a task
	BadOptimize    Code = "TG3019" // an optimization that cannot be done
	StarFailed     Code = "TG3030" // Starlark code that fails
	StarLimit      Code = "TG3031" // Starlark code that takes too many steps, too much memory or too long
	StarResult     Code = "TG3032" // a Starlark function that gives something else than it should

	// Verifications.
	Verification     Code = "TG4001" // a rule of the repository's own
	DuplicateSymbol  Code = "TG4002" // two tasks with one treeherder platform and symbol
	RouteConflict    Code = "TG4003" // two tasks with one index route
	BadRoute         Code = "TG4004" // a route that no service would understand
	TierConflict     Code = "TG4005" // a task that depends on one of a higher tier
	DuplicateAlias   Code = "TG4006" // two toolchains with one alias
	BadCache         Code = "TG4007" // a cache name that is not allowed
	BadIdentifier    Code = "TG4008" // a worker type or provisioner that is no identifier
	TooManyDeps      Code = "TG4009" // more dependencies than the queue takes
	NotOptimizedAway Code = "TG4010" // an always-optimized task that is still there
	MissingVolume    Code = "TG4011" // a cache that is no volume

	// Services.
	Network      Code = "TG5001" // a service did not answer or refused
	NotPermitted Code = "TG5201" // an action that this task, or this user, has no scopes for

	// Submission.
	Submission   Code = "TG6001" // a task could not be created
	TaskConflict Code = "TG6002" // a task exists already, with another definition
	NotSubmitted Code = "TG6003" // tasks that were not tried because the queue does not answer

	// What is found before anything is submitted.
	BadDefinition Code = "TG6101" // a definition that the queue would refuse
	BadPayload    Code = "TG6102" // a payload that the worker would refuse
	OverLimit     Code = "TG6103" // more dependencies or bytes than the queue takes
	BadTimes      Code = "TG6104" // a deadline or an expiry that the queue would refuse
	BadNamespace  Code = "TG6105" // a route into the index that is no index path
	MissingScope  Code = "TG6106" // a scope that the task lacks
	ActionFailed  Code = "TG6201" // an action that could not do what it is for
)

// ExitCode gives the exit code of a code's family.
func (c Code) ExitCode() int {
	if len(c) < 3 {
		return ExitInternal
	}
	switch c[2] {
	case '1':
		return ExitInput
	case '2', '3':
		return ExitGeneration
	case '4':
		return ExitVerification
	case '5':
		return ExitNetwork
	case '6':
		return ExitSubmission
	}
	return ExitInternal
}

// ExitCode gives the exit code for an error: that of its first diagnostic, 1 where there is none.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	for _, d := range Flatten(err) {
		return d.Code.ExitCode()
	}
	return ExitInternal
}
