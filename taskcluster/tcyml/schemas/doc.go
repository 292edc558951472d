// Package schemas holds the JSON Schema documents of a rendered .taskcluster.yml (taskcluster-yml) and of a task's
// definition as the queue takes it (task-definition).
package schemas
