/** Has the import ended? Statuses that pineload does not know count as running. */
export function isOver(status: string): status is 'Completed' | 'Failed' | 'Cancelled' {
  return status === 'Completed' || status === 'Failed' || status === 'Cancelled';
}
