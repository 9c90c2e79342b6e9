import CPIQFFTW
import Synchronization

/// Forward and inverse FFTW plans for real signals of one length.
final class FourierTransform: @unchecked Sendable {
  // Sendable: plans never change once they are made, and executing them is safe from any thread.
  private let forwardPlan: fftwf_plan
  private let inversePlan: fftwf_plan

  /// FFTW's planner has global state: one thread at a time, in the whole process.
  private static let planner = Mutex<Void>(())

  /// Plans transforms of `count` samples.
  init(count: Int) {
    let buffers = FourierBuffers(count: count)
    let (signal, spectrum) = (buffers.signal, buffers.spectrum)
    var plans: (forward: fftwf_plan?, inverse: fftwf_plan?)
    Self.planner.withLock { _ in
      plans.forward = fftwf_plan_dft_r2c_1d(Int32(count), signal, spectrum, FFTW_ESTIMATE)
      plans.inverse = fftwf_plan_dft_c2r_1d(Int32(count), spectrum, signal, FFTW_ESTIMATE)
    }
    guard let forward = plans.forward, let inverse = plans.inverse else {
      // As Swift's own allocations do: FFTW plans every length unless memory has run out.
      preconditionFailure("out of memory: FFTW has no plan for \(count) samples")
    }
    (forwardPlan, inversePlan) = (forward, inverse)
  }

  deinit {
    Self.planner.withLock { _ in
      fftwf_destroy_plan(forwardPlan)
      fftwf_destroy_plan(inversePlan)
    }
  }

  /// Fills the buffers' spectrum from their signal.
  func forward(_ buffers: FourierBuffers) {
    fftwf_execute_dft_r2c(forwardPlan, buffers.signal, buffers.spectrum)
  }

  /// Fills the buffers' signal, times its length, from their spectrum, which is lost.
  func inverse(_ buffers: FourierBuffers) {
    fftwf_execute_dft_c2r(inversePlan, buffers.spectrum, buffers.signal)
  }
}

/// A signal and its spectrum, aligned for FFTW's vector code and initially zero.
final class FourierBuffers {
  /// `count` samples.
  let signal: UnsafeMutablePointer<Float>
  /// `count / 2 + 1` pairs of real and imaginary part.
  let spectrum: UnsafeMutablePointer<fftwf_complex>
  /// The same memory as `spectrum`, as floats.
  let spectrumValues: UnsafeMutablePointer<Float>

  init(count: Int) {
    let bins = count / 2 + 1
    guard let signal = fftwf_alloc_real(count), let spectrum = fftwf_alloc_complex(bins) else {
      preconditionFailure("out of memory: no room to transform \(count) samples")
    }
    self.signal = signal
    self.spectrum = spectrum
    spectrumValues = UnsafeMutableRawPointer(spectrum)
      .assumingMemoryBound(to: Float.self)
    signal.initialize(repeating: 0, count: count)
    spectrumValues.initialize(repeating: 0, count: bins * 2)
  }

  deinit {
    fftwf_free(signal)
    fftwf_free(spectrum)
  }
}
