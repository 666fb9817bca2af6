//! Logistic regression with a penalty on leaving the start, by Newton's method.

/// One labelled pair.
pub(crate) struct Example {
    /// Place and value of what it says.
    pub(crate) terms: Vec<(usize, f64)>,
    pub(crate) is_match: bool,
    pub(crate) weight: f64,
}

const ROUNDS: usize = 30;

/// Weights of least penalised loss.
pub(crate) fn fit(examples: &[Example], centre: &[f64], penalties: &[f64]) -> Vec<f64> {
    let mut weights = centre.to_vec();
    for round in 0..ROUNDS {
        let n = weights.len();
        let mut hessian = vec![vec![0.0; n]; n];
        let mut gradient: Vec<f64> = (0..n).map(|at| penalties[at] * (weights[at] - centre[at])).collect();
        let mut loss = 0.0;
        for example in examples {
            let sum: f64 = example.terms.iter().map(|(at, value)| weights[*at] * value).sum();
            let probability = 1.0 / (1.0 + (-sum).exp());
            let residual = example.weight * (probability - f64::from(u8::from(example.is_match)));
            let curve = example.weight * (probability * (1.0 - probability)).max(1e-6);
            loss -= example.weight
                * if example.is_match { probability } else { 1.0 - probability }.max(1e-12).ln();
            for &(row, x) in &example.terms {
                gradient[row] += residual * x;
                for &(column, y) in &example.terms {
                    hessian[row][column] += curve * x * y;
                }
            }
        }
        for at in 0..n {
            hessian[at][at] += penalties[at];
        }
        let step = solve(hessian, gradient);
        let longest = step.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
        let scale = (2.0 / longest).min(1.0);
        for (weight, part) in weights.iter_mut().zip(&step) {
            *weight -= scale * part;
        }
        if longest < 1e-6 || round + 1 == ROUNDS {
            println!("regression: {} rounds, loss {loss:.2}", round + 1);
            break;
        }
    }
    weights
}

/// Solves a symmetric positive system by Cholesky's decomposition.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = if i == j { (a[i][i] - dot).sqrt() } else { (a[i][j] - dot) / a[j][j] };
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    b
}
